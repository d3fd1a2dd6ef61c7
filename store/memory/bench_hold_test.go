package memory_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// What one operation touches may cost with the lots it touches, and no more.

// A hold of all that is in so many lots, taken and given back.
func BenchmarkHoldByLots(b *testing.B) {
	for _, lots := range []int{10, 100, 1000, 10_000} {
		b.Run(strconv.Itoa(lots), func(b *testing.B) {
			ledger := thinLots(b, lots)
			b.ResetTimer()
			for n := 0; b.Loop(); n++ {
				id := "hold-" + strconv.Itoa(n)
				_, err := ledger.Reserve(b.Context(), credits.Reserve{
					ID: id, Account: "ada", Amount: credits.Of(int64(lots)), Deadline: time.Now().Add(time.Hour),
				})
				must(b, err)
				_, err = ledger.Release(b.Context(), credits.Release{ID: "release-" + id, Account: "ada", Hold: id})
				must(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lots), "ns/lot")
		})
	}
}

// The n-th capture in parts from one hold costs what the first does.
func BenchmarkCaptureInParts(b *testing.B) {
	for _, before := range []int{1, 100, 10_000} {
		b.Run(strconv.Itoa(before), func(b *testing.B) {
			afresh(b, before, func() func(n int64) error {
				ledger := thinLots(b, 1)
				_, err := ledger.Grant(b.Context(), credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(plenty), Validity: expiry.Permanent()})
				must(b, err)
				_, err = ledger.Reserve(b.Context(), credits.Reserve{ID: "hold", Account: "ada", Amount: credits.Of(plenty), Deadline: time.Now().Add(time.Hour)})
				must(b, err)
				return func(n int64) error {
					_, err := ledger.Capture(b.Context(), credits.Capture{
						ID: "capture-" + strconv.FormatInt(n, 10), Account: "ada", Hold: "hold", Amount: credits.Micros(1), More: true,
					})
					return err
				}
			})
		})
	}
}

// A refund of a spend that emptied so many lots.
func BenchmarkRefundByLots(b *testing.B) {
	for _, lots := range []int{1, 10, 100, 1000} {
		b.Run(strconv.Itoa(lots), func(b *testing.B) {
			ledger := thinLots(b, lots)
			for n := 0; b.Loop(); n++ {
				id := "job-" + strconv.Itoa(n)
				_, err := ledger.Spend(b.Context(), credits.Spend{ID: id, Account: "ada", Amount: credits.Of(int64(lots))})
				must(b, err)
				_, err = ledger.Refund(b.Context(), credits.Refund{ID: "back-" + id, Account: "ada", Of: id, Amount: credits.Of(int64(lots))})
				must(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lots), "ns/lot")
		})
	}
}

// thinLots gives ada so many lots of one credit.
func thinLots(b *testing.B, lots int) *credits.Ledger {
	b.Helper()
	ledger := credits.New(memory.New(), credits.Options{})
	for lot := range lots {
		_, err := ledger.Grant(b.Context(), credits.Grant{
			ID: fmt.Sprintf("lot-%05d", lot), Account: "ada", Amount: credits.Of(1), Validity: expiry.Days(365 + lot%365),
		})
		must(b, err)
	}
	return ledger
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
