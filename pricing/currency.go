package pricing

import "strings"

// The active codes of ISO 4217 (list one, with its amendments to 2025) by the
// number of decimals of the minor unit. Codes without one (gold, special drawing
// rights, testing) are not here: nothing is sold in them. Codes withdrawn since
// 2020 stay, for what was sold in them.
const (
	currencies0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"

	currencies2 = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD " +
		"CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD " +
		"GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD " +
		"MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB " +
		"SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN " +
		"UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL"

	currencies3 = "BHD IQD JOD KWD LYD OMR TND"

	currencies4 = "CLF UYW"
)

// CurrencyDecimals returns how many decimals the minor unit of an ISO 4217
// currency has: 2 for "USD", 0 for "JPY", 3 for "KWD". It reports false for a
// code that is not a currency in which things are sold.
func CurrencyDecimals(code string) (decimals int, ok bool) {
	for _, list := range []struct {
		decimals int
		codes    string
	}{{2, currencies2}, {0, currencies0}, {3, currencies3}, {4, currencies4}} {
		if len(code) == 3 && !strings.Contains(code, " ") && strings.Contains(list.codes, code) {
			return list.decimals, true
		}
	}
	return 0, false
}
