package credits

import (
	"fmt"
)

// Configure changes an account's settings. What is left nil stays as it is.
type Configure struct {
	ID      string // required
	Account string // required

	Overdraft *Amount // how far spends may take the account into debt, zero or more
	Frozen    *bool   // true refuses spends, reserves, extensions and captures beyond a hold

	Meta map[string]string // notes for the entry
}

func (c *Configure) prepare() error {
	if err := checkTarget(c.ID, c.Account); err != nil {
		return err
	}
	if c.Overdraft == nil && c.Frozen == nil {
		return &InvalidError{Field: "settings", Reason: "are missing: give an overdraft, or whether the account is frozen"}
	}
	if c.Overdraft != nil {
		if err := checkNotNegative(*c.Overdraft); err != nil {
			return err
		}
		c.Overdraft = ref(*c.Overdraft)
	}
	if c.Frozen != nil {
		c.Frozen = ref(*c.Frozen)
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	return nil
}

func (c *Configure) target() (account, id string) { return c.Account, c.ID }

func (c *Configure) digest(buffer []byte) Digest {
	f := fingerprintOf(KindConfigure, buffer)
	f.flag(c.Overdraft != nil)
	if c.Overdraft != nil {
		f.amount(*c.Overdraft)
	}
	f.flag(c.Frozen != nil)
	if c.Frozen != nil {
		f.flag(*c.Frozen)
	}
	f.meta(c.Meta)
	return f.sum()
}

func (c *Configure) intent() string { return fmt.Sprintf("%s the account", KindConfigure) }

// decide changes the settings.
func (c *Configure) decide(d *draft, e *Entry) error {
	settings := d.change.Settings
	if c.Overdraft != nil {
		settings.Overdraft = *c.Overdraft
	}
	if c.Frozen != nil {
		settings.Frozen = *c.Frozen
	}
	d.change.Settings = settings
	*e = Entry{Kind: KindConfigure, Settings: &settings, Meta: c.Meta}
	return nil
}
