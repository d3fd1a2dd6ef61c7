package catalogs_test

import (
	"fmt"

	"github.com/scriphq/scrip/examples/catalogs"
	"github.com/scriphq/scrip/pricing"
)

func ExampleOpen() {
	heygen, err := catalogs.Open("heygen")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, at := range []string{"2024-06-01 00:00", "2025-06-01 00:00"} {
		quote, err := heygen.Quote(instant(at), pricing.Use{Feature: "avatar-video", Quantity: pricing.MustParseQuantity("31s")})
		fmt.Println(quote.Explanation(), err)
	}
	// Output:
	// 31s counted as 1m = 1 minute x 1 = 1 <nil>
	// 31s = 16 started blocks of 2s x 1 = 16 <nil>
}

func ExampleNames() {
	names := catalogs.Names()
	fmt.Println(len(names), names[0], names[len(names)-1])
	// Output: 14 clay visla
}
