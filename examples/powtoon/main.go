// Powtoon plays two months of an account of Powtoon Imagine, whose prices and
// rules are in catalog.json, and prints what its account page would show: what
// came and went and why, the balance, the lots, and when they end.
//
//	go run ./examples/powtoon
//
// It shows a subscription whose credits, bought ones too, end when it does and are
// carried on when it is renewed before; webhooks that are delivered twice; a use
// that is refused for want of credits and works under the same ID once a pack is
// bought; a use above the maximum; and an offer that outlives its price list.
//
// webhook.go is what a service does when a sale is paid, story.go how it prices
// uses and has them paid, page.go all of the formatting. Time is a clock that the
// story sets, so that every run prints the same.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

//go:embed catalog.json
var document []byte

// catalog is all of the product's figures. It never changes.
var catalog = pricing.MustParse(document)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run plays the story on a new ledger and writes its pages to w.
func run(ctx context.Context, w io.Writer) error {
	clock := new(clock)
	ledger := credits.New(memory.New(), credits.Options{Now: clock.Now})
	s := story{clock: clock, ledger: ledger, page: newPage()}
	if err := s.play(ctx); err != nil {
		return err
	}
	_, err := io.WriteString(w, s.page.String())
	return err
}
