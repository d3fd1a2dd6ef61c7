package main

import "time"

// clock is the time of the story: it stands still until it is set.
type clock struct{ now time.Time }

// Now returns what the clock was last set to.
func (c *clock) Now() time.Time { return c.now }

// set moves the clock to an instant in UTC, such as "2025-01-31 10:00:00".
func (c *clock) set(text string) { c.now = utc(text) }

// utc reads an instant that is written in the program.
func utc(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return t
}
