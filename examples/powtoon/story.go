package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// account is whose story it is, and subscription what she pays for.
const (
	account      = "ada"
	subscription = "sub-7"
)

// story is what happens to an account, and the page that shows it.
type story struct {
	clock  *clock
	ledger *credits.Ledger
	page   *page
	seen   int64 // the last entry that the page has shown
}

func (s *story) play(ctx context.Context) error {
	chapters := []func(context.Context) error{s.subscribe, s.create, s.runOut, s.renew, s.reprice, s.lapse}
	for _, chapter := range chapters {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}

// subscribe buys a plan. The provider reports the payment twice.
func (s *story) subscribe(ctx context.Context) error {
	s.clock.set("2025-01-31 10:00:00")
	began := s.clock.Now()
	if _, err := s.pay(ctx, began, began); err != nil {
		return err
	}
	s.clock.set("2025-01-31 10:00:05")
	again, err := s.pay(ctx, began, began)
	if err != nil {
		return err
	}
	s.page.repeated(s.clock.Now(), again)
	return s.show(ctx, "Ada subscribes to Professional Monthly")
}

// pay pays for a cycle of a subscription that began at since.
func (s *story) pay(ctx context.Context, since, start time.Time) (credits.Receipt, error) {
	plan, err := catalog.Plan("professional-monthly")
	if err != nil {
		return credits.Receipt{}, err
	}
	sold := invoice{account: account, subscription: subscription, plan: plan, since: since, start: start}
	return sold.paid(ctx, s.ledger)
}

// create uses every feature, and once more than the maximum.
func (s *story) create(ctx context.Context) error {
	jobs := []struct {
		at, id string
		use    pricing.Use
	}{
		{"2025-02-03 09:00:00", "job-1", pricing.Use{Feature: "text-to-speech"}},
		{"2025-02-03 09:10:00", "job-2", pricing.Use{Feature: "text-to-image"}},
		{"2025-02-04 14:00:00", "job-3", pricing.Use{Feature: "ai-avatar", Quantity: pricing.MustParseQuantity("64 s")}},
		{"2025-02-05 11:30:00", "job-4", pricing.Use{Feature: "text-to-video-bytedance", Quantity: pricing.MustParseQuantity("5 s")}},
		{"2025-02-06 16:00:00", "job-5", veo3("8 s", "no")},
		{"2025-02-06 16:20:00", "job-6", veo3("8 s", "yes")},
	}
	for _, job := range jobs {
		s.clock.set(job.at)
		if err := s.generate(ctx, job.id, job.use); err != nil {
			return err
		}
	}
	s.clock.set("2025-02-06 16:30:00")
	err := s.generate(ctx, "job-7", veo3("9 s", "yes"))
	tooLong, ok := errors.AsType[*pricing.MostError](err)
	if !ok {
		return fmt.Errorf("a ninth second of Veo3: %v, want it refused", err)
	}
	s.page.tooLong(s.clock.Now(), tooLong)
	return s.show(ctx, "She tries every feature")
}

// generate prices a use as of now and has it paid. The generation itself comes
// after: it may run only if there was no error. A service that retries keeps the
// quote with the job, because at a new price the same ID is another intent.
func (s *story) generate(ctx context.Context, id string, use pricing.Use) error {
	quote, err := catalog.Quote(s.clock.Now(), use)
	if err != nil {
		return err
	}
	_, err = s.ledger.Spend(ctx, quote.Spend(id, account))
	return err
}

func veo3(length, audio string) pricing.Use {
	return pricing.Use{
		Feature:    "text-to-video-veo3",
		Quantity:   pricing.MustParseQuantity(length),
		Attributes: map[string]string{"audio": audio},
	}
}

// runOut asks for more than there is, buys the pack that the refusal suggests,
// and asks again under the same ID.
func (s *story) runOut(ctx context.Context) error {
	s.clock.set("2025-02-17 10:00:00")
	long := pricing.Use{Feature: "ai-avatar", Quantity: pricing.MustParseQuantity("10m30s")}
	if err := s.generate(ctx, "job-8", long); err != nil {
		return err
	}
	s.clock.set("2025-02-20 16:00:00")
	next := pricing.Use{Feature: "ai-avatar", Quantity: pricing.MustParseQuantity("3m20s")}
	err := s.generate(ctx, "job-9", next)
	short, ok := errors.AsType[*credits.InsufficientError](err)
	if !ok {
		return fmt.Errorf("a use beyond the balance: %v, want it refused", err)
	}
	pack, err := catalog.CheapestPack(short.Shortfall, short.Feature)
	if err != nil {
		return err
	}
	s.page.short(s.clock.Now(), short, pack)
	if err := s.buy(ctx, pack); err != nil {
		return err
	}
	s.clock.set("2025-02-20 16:05:00")
	if err := s.generate(ctx, "job-9", next); err != nil {
		return err
	}
	return s.show(ctx, "She runs out of credits, and buys a pack")
}

// buy pays for a pack. The provider reports the payment twice.
func (s *story) buy(ctx context.Context, pack pricing.Pack) error {
	sold := order{id: "order-1", account: account, subscription: subscription, pack: pack}
	s.clock.set("2025-02-20 16:04:00")
	if _, err := sold.paid(ctx, s.ledger); err != nil {
		return err
	}
	s.clock.set("2025-02-20 16:04:30")
	again, err := sold.paid(ctx, s.ledger)
	if err != nil {
		return err
	}
	s.page.repeated(s.clock.Now(), again)
	return nil
}

// renew pays for the second cycle in the last second of the first.
func (s *story) renew(ctx context.Context) error {
	s.clock.set("2025-02-28 09:59:59")
	_, err := s.pay(ctx, utc("2025-01-31 10:00:00"), utc("2025-02-28 10:00:00"))
	if err != nil {
		return err
	}
	s.clock.set("2025-02-28 10:00:00")
	return s.show(ctx, "She renews a second before the end, and keeps what is left")
}

// reprice accepts an offer after the price list has changed, and then asks for the
// same once more.
func (s *story) reprice(ctx context.Context) error {
	s.clock.set("2025-03-14 23:55:00")
	offer, err := catalog.Quote(s.clock.Now(), veo3("8 s", "yes"))
	if err != nil {
		return err
	}
	s.page.offered(s.clock.Now(), offer)
	s.clock.set("2025-03-15 00:05:00")
	if _, err := s.ledger.Spend(ctx, offer.Spend("job-10", account)); err != nil {
		return err
	}
	s.clock.set("2025-03-15 00:10:00")
	if err := s.generate(ctx, "job-11", veo3("8 s", "yes")); err != nil {
		return err
	}
	return s.show(ctx, "Prices change at midnight, but not that of an offer made before")
}

// lapse pays a second after the end of the second cycle: it is a new subscription
// in all but name.
func (s *story) lapse(ctx context.Context) error {
	s.clock.set("2025-03-31 10:00:01")
	if _, err := s.pay(ctx, s.clock.Now(), s.clock.Now()); err != nil {
		return err
	}
	return s.show(ctx, "She renews a second after the end, and begins anew")
}

// show prints what happened since the last page, and what the account has now.
func (s *story) show(ctx context.Context, title string) error {
	for entry, err := range s.ledger.History(ctx, credits.Query{Account: account, After: s.seen}) {
		if err != nil {
			return err
		}
		s.page.happened(entry)
		s.seen = entry.Seq
	}
	balance, err := s.ledger.Balance(ctx, account)
	if err != nil {
		return err
	}
	s.page.history(title)
	s.page.lots(balance)
	ends := balance.Ends()
	if len(ends) == 0 {
		return nil
	}
	after, err := s.ledger.BalanceAt(ctx, account, ends[0].At)
	if err != nil {
		return err
	}
	s.page.nextEnd(after)
	return nil
}
