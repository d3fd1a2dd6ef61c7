package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	neturl "net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

func newYear() time.Time { return time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC) }

// The one line that differs from a ledger in memory is the constructor of its store.
func Example() {
	ctx := context.Background()
	url, drop := newDatabase()
	defer drop()

	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	store, err := postgres.New(pool, postgres.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	ledger := credits.New(store, credits.Options{Now: newYear})

	_, err = ledger.Grant(ctx, credits.Grant{ID: "order-1017", Account: "ada", Amount: credits.Of(100), Source: "pack", Validity: expiry.Months(12)})
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := ledger.Spend(ctx, credits.Spend{ID: "job-9", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(16)})
	fmt.Println(receipt.Balance, err)
	// Output:
	// 84 <nil>
}

// An order and the credits that it costs are in one transaction: there is never one
// without the other.
func ExampleStore_WithTx() {
	ctx := context.Background()
	url, drop := newDatabase()
	defer drop()
	pool, store := open2(ctx, url)
	defer pool.Close()
	if _, err := pool.Exec(ctx, "CREATE TABLE orders (id text PRIMARY KEY, account text NOT NULL, film text NOT NULL)"); err != nil {
		log.Fatal(err)
	}
	ledger := credits.New(store, credits.Options{Now: newYear})
	if _, err := ledger.Grant(ctx, credits.Grant{ID: "welcome", Account: "ada", Amount: credits.Of(50), Validity: expiry.Permanent()}); err != nil {
		log.Fatal(err)
	}

	order := func(id, account, film string, price credits.Amount) error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO orders VALUES ($1, $2, $3)", id, account, film); err != nil {
				return err
			}
			within := credits.New(store.WithTx(tx), credits.Options{Now: newYear})
			_, err := within.Spend(ctx, credits.Spend{ID: id, Account: account, Feature: "render", Amount: price})
			return err
		})
	}
	fmt.Println(order("order-1", "ada", "Holidays", credits.Of(30)))
	fmt.Println(errors.Is(order("order-2", "ada", "Wedding", credits.Of(30)), credits.ErrInsufficient))

	var orders int
	if err := pool.QueryRow(ctx, "SELECT count(*) FROM orders").Scan(&orders); err != nil {
		log.Fatal(err)
	}
	balance, err := ledger.Balance(ctx, "ada")
	fmt.Println(orders, "order,", balance.Available, "credits left,", err)
	// Output:
	// <nil>
	// true
	// 1 order, 20 credits left, <nil>
}

// open2 returns a store whose tables are made, and its pool.
func open2(ctx context.Context, url string) (*pgxpool.Pool, *postgres.Store) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		log.Fatal(err)
	}
	store, err := postgres.New(pool, postgres.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	return pool, store
}

// newDatabase makes a database of its own on the tests' server, as a program that
// uses the default schema wants it. It returns where it is, and how to drop it.
func newDatabase() (at string, drop func()) {
	ctx, name := context.Background(), newSchema()
	admin, err := pgx.Connect(ctx, url)
	if err != nil {
		panic(err)
	}
	execute := func(sql string) {
		if _, err := admin.Exec(ctx, sql); err != nil {
			panic(err)
		}
	}
	execute("CREATE DATABASE " + name)
	if at = url + " dbname=" + name; strings.Contains(url, "://") {
		own, err := neturl.Parse(url)
		if err != nil {
			panic(err)
		}
		own.Path = "/" + name
		at = own.String()
	}
	return at, func() {
		execute("DROP DATABASE " + name + " WITH (FORCE)")
		_ = admin.Close(ctx)
	}
}
