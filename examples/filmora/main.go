// Filmora plays a year of Filmora's AI credits and prints what two customers find
// in their Account Center: the balance, the credits with their ends, and the
// history, in which every line says why it is there.
//
//	go run ./examples/filmora
//
// The rules are those of Filmora's public page, all of them in catalog.json:
//
//   - 100 bonus credits once, with the first login; credits for activities, such
//     as a daily login or a submission, once for each;
//   - credits of a subscription, which end 30 days after they are issued, and of a
//     perpetual plan, a pack or an activity, which never end;
//   - credits for what was left of the old Speech-to-Text and Text-to-Speech;
//   - subscriptions bought before 20 May 2024, which keep their older validity
//     through every renewal;
//   - a price for each feature: per minute, per ten words, or per use.
//
// What the service does with each thing it hears is in events.go, what it hears in
// story.go. Nothing but page.go formats anything.
package main

import (
	"context"
	_ "embed"
	"io"
	"log"
	"os"

	"github.com/scriphq/scrip/pricing"
)

//go:embed catalog.json
var catalogJSON []byte

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run plays the story, then prints the page of each customer in it.
func run(ctx context.Context, w io.Writer) error {
	catalog, err := pricing.Parse(catalogJSON)
	if err != nil {
		return err
	}
	s := newService(catalog)
	for _, scene := range story {
		if err := s.hear(ctx, scene); err != nil {
			return err
		}
	}
	s.now = instant("2024-11-21 09:00:00")
	for _, account := range []string{"ada", "grace"} {
		p, err := s.page(ctx, account)
		if err != nil {
			return err
		}
		if err := p.print(w); err != nil {
			return err
		}
	}
	return nil
}
