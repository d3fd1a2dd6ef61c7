// Gateway plays a morning of a gateway to language models that charges tokens in
// credits, and prints what its clients were told, and the account's page, in which
// every line says why it is there.
//
//	go run ./examples/gateway
//
// The cost of an answer is known when it ends, so that each request goes the same
// way:
//
//   - quote the most that it can cost: its prompt and its maximum of output;
//   - hold that, or refuse before a model runs;
//   - stream the answer, with nothing locked, and the hold extended where the
//     client named no maximum;
//   - price what was sent, also if the stream was cut, and charge that; the rest
//     of the hold goes back.
//
// Prices are in catalog.json, per million tokens by model and direction. The way of
// a request is in gateway.go and stream.go, what clients are told in front.go, the
// morning in story.go.
package main

import (
	"context"
	_ "embed"
	"io"
	"log"
	"os"

	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

//go:embed catalog.json
var catalogJSON []byte

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run plays the story, then prints the log and the page of its customer.
func run(ctx context.Context, w io.Writer) error {
	catalog, err := pricing.Parse(catalogJSON)
	if err != nil {
		return err
	}
	f := newFront(catalog, memory.New(), nil)
	f.model = f.script
	for _, scene := range story {
		f.clock.set(instant(scene.at))
		if err := scene.play(ctx, f); err != nil {
			return err
		}
	}
	if err := f.printLog(w); err != nil {
		return err
	}
	p, err := f.page(ctx, customer)
	if err != nil {
		return err
	}
	return p.print(w)
}
