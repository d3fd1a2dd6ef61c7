// Package catalogs has the credit rules of real products as catalogs of package
// pricing, to read, to copy from, and to see what the vocabulary can say.
//
//	catalog, err := catalogs.Open("suno")
//	plan, err := catalog.Plan("pro")
//	quote, err := catalog.Quote(at, pricing.Use{Feature: "song"})
//
// Each is a JSON file in this folder. What a product's pages leave open is chosen
// here, and the notes in the file say so with the word "Ours". The package's tests
// price the products' uses, and play their subscriptions through a ledger: when
// credits end, which are spent first, what goes on into the next month.
//
// Two more products have programs of their own with their catalogs beside them:
// examples/filmora and examples/powtoon.
//
// Prices and rules change; these catalogs show rules, and are no price lists.
package catalogs
