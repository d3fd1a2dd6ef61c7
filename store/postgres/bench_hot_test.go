package postgres_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkBystander measures one caller's spends from a thousand accounts in turn,
// while it is quiet and while 64 callers spend from another account, beside the same
// on the floor. hot-op/s is what they do meanwhile.
func BenchmarkBystander(b *testing.B) {
	const bystanders, hotCallers = 1000, 64
	pool := durablePool(b, nil)
	for _, over := range []struct {
		name  string
		spend func(ctx context.Context, n int64) error // from the account n, of one more than the bystanders
	}{
		{"floor", bareUpdates(b, pool, bystanders+1)},
		{"store", spends(b, pool, bystanders+1)},
	} {
		var used atomic.Int64 // spends of each account have IDs of their own
		bystander := func(ctx context.Context, _ int64) error {
			n := used.Add(1)
			return over.spend(ctx, n/bystanders*(bystanders+1)+n%bystanders)
		}
		hot := func(ctx context.Context) error { return over.spend(ctx, used.Add(1)*(bystanders+1)+bystanders) }
		b.Run(over.name+"/quiet", func(b *testing.B) { crowd(b, 1, bystander) })
		b.Run(over.name+"/hot", func(b *testing.B) {
			ctx, cancel := context.WithCancel(b.Context())
			var wait sync.WaitGroup
			var done atomic.Int64
			for range hotCallers {
				wait.Go(func() {
					for ctx.Err() == nil {
						if err := hot(b.Context()); err != nil {
							b.Error(err)
							return
						}
						done.Add(1)
					}
				})
			}
			crowd(b, 1, bystander)
			b.ReportMetric(float64(done.Load())/b.Elapsed().Seconds(), "hot-op/s")
			cancel()
			wait.Wait()
		})
	}
}
