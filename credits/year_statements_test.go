package credits_test

import "github.com/scriphq/scrip/credits"

// month is what a month has to come to, worked out by hand.
type month struct {
	from, to string // the month, half-open

	opening string
	entries int
	changes map[credits.Kind]string // kinds that moved nothing included
	closing string

	// The account in the last microsecond of the month. Lots are in the drawdown
	// order, with what is held after a plus.
	available, held, dormant, debt, overdraft string
	lots                                      string
}

// months is the year. What is said of lots goes by these names: plan of a month,
// for the allowance's lot of it; carried of a month, for what rolled over from it.
var months = []month{
	{
		from: "2023-12-31", to: "2024-01-01", opening: "0",
		entries: 5, // paid-1, plan-1, its grant, welcome, img-1
		changes: map[credits.Kind]string{
			"renew": "0", "allow": "0",
			"grant": "130", // 100 of the plan + 30 welcome
			"spend": "-12", // img-1, of welcome, which is for images: 30 - 12 = 18
		},
		closing:   "118", // 0 + 130 - 12
		available: "118", held: "0", dormant: "0", debt: "0", overdraft: "0",
		lots: "bonus 18, plan 100",
	},
	{
		from: "2024-01-01", to: "2024-02-01", opening: "118",
		entries: 8, // job-1, hold-1, part-1, part-2, pack-1, job-1b, the rollover, the plan's grant
		changes: map[credits.Kind]string{
			"spend":    "-65", // 40 job-1 + 25 job-1b, both of the plan, which ends first: 100 - 40 - 25 captured - 25 = 10
			"reserve":  "0",
			"capture":  "-25", // 10 + 15 of the 30 held; 5 go back
			"grant":    "300", // 200 pack-1 + 100 of the plan on 31 January
			"rollover": "0",   // the 10 of December's plan, fewer than 50: all of it, to 29 February 10:00
		},
		closing:   "328", // 118 - 65 - 25 + 300
		available: "328", held: "0", dormant: "0", debt: "0", overdraft: "0",
		lots: "bonus 18, plan 100, plan 10, pack 200",
	},
	{
		from: "2024-02-01", to: "2024-03-01", opening: "328",
		// refund-1 and the end of it, refund-2, overdraft-50, hold-2 and its lapse, job-2, hold-3;
		// on the 29th January's plan rolls over, what was carried of December ends, the plan grants
		entries: 11,
		changes: map[credits.Kind]string{
			"refund":    "18", // of job-1: 8 + 10
			"configure": "0", "reserve": "0", "lapse": "0",
			"spend":    "-60", // job-2, of January's plan: 100 - 60 = 40, of which hold-3 has 7
			"rollover": "0",   // 40 - 7 = 33, to 29 March 10:00
			"end":      "-18", // 8 that belonged to December's plan, and the 10 carried of it, which are carried once
			"grant":    "100", // on 29 February, the last day
		},
		closing:   "368", // 328 + 18 - 60 - 18 + 100
		available: "343", // 10 reissued + 33 carried + 100 + 200
		held:      "25",  // hold-3: welcome's 18, whose end on 29 February 11:00 it outlives, and 7 of January's plan
		dormant:   "0", debt: "0", overdraft: "50",
		lots: "bonus 0+18, plan 0+7, refund 10, plan 33, plan 100, pack 200",
	},
	{
		from: "2024-03-01", to: "2024-04-01", opening: "368",
		// use-3 and the ends of what it left in two lots, longer, freeze, thaw, job-3, job-4, paid-2;
		// the end of what was carried; on the 31st a rollover, the end of the rest, a grant
		entries: 13,
		changes: map[credits.Kind]string{
			"capture":   "-9", // of welcome's 18
			"amend":     "0",  // refund-2 now ends 60 days after 5 February: on 5 April
			"configure": "0",
			"spend":     "-25", // 20 + 5, of what was carried of January: 33 - 25 = 8
			"renew":     "0",
			"rollover":  "0",   // 50 of February's 100, to 30 April 10:00
			"end":       "-74", // 9 of welcome + 7 of January's plan, late; 8 carried, on the 29th; 100 - 50 on the 31st
			"grant":     "100",
		},
		closing:   "360", // 368 - 9 - 25 - 74 + 100
		available: "360", held: "0", dormant: "0", debt: "0", overdraft: "50",
		lots: "refund 10, plan 100, plan 50, pack 200",
	},
	{
		from: "2024-04-01", to: "2024-05-01", opening: "360",
		entries: 6, // gift from two lots, job-5, job-6, refund-6, the plan's grant
		changes: map[credits.Kind]string{
			"transfer": "-30",  // 10 of refund-2, which ends first, 20 of March's plan: 100 - 20 = 80
			"spend":    "-360", // job-5: 80 + 50 carried + 170 of pack-1; job-6: its last 30, and 30 of the overdraft
			"refund":   "10",   // of job-6, the last drawn first: the debt is 30 - 10 = 20
			"grant":    "100",  // on the 30th; 20 of it repay the debt
		},
		closing:   "80", // 360 - 30 - 360 + 10 + 100
		available: "80", held: "0", dormant: "0", debt: "0", overdraft: "50",
		lots: "plan 80",
	},
	{
		from: "2024-05-01", to: "2024-06-01", opening: "80",
		entries: 5, // pack-2, job-7, chargeback, pack-3, the lapse of the plan
		changes: map[credits.Kind]string{
			"grant":  "250",  // 100 pack-2 + 150 pack-3, of which 10 repay the debt; the plan has lapsed on the 31st and gives nothing
			"spend":  "-90",  // 80 of April's plan, and 10 of pack-2
			"revoke": "-100", // the 90 left of pack-2, and the 10 spent, which become debt
			"lapse":  "0",
		},
		closing:   "140", // 80 + 250 - 90 - 100
		available: "0", held: "0",
		dormant: "140", // pack-3, 150 - 10
		debt:    "0", overdraft: "50",
		lots: "pack 140",
	},
	{
		from: "2024-06-01", to: "2024-07-01", opening: "140",
		entries: 5, // overdraft-0, event, song-1, summer, img-2
		changes: map[credits.Kind]string{
			"configure": "0",
			"grant":     "37",    // 25 event + 12 summer
			"spend":     "-27.5", // song-1: the 25 of event, 15 short of 40; img-2: 2.5 of summer
		},
		closing:   "149.5", // 140 + 37 - 27.5
		available: "9.5",   // summer, 12 - 2.5
		held:      "0", dormant: "140", debt: "0", overdraft: "0",
		lots: "bonus 9.5, pack 140",
	},
	{
		from: "2024-07-01", to: "2024-08-01", opening: "149.5",
		// the end of summer; paid-3, plan-2 and the grant of the month under way, job-8, hold-4, more-4;
		// on the 31st the reset of that month, and the next grant
		entries: 9,
		changes: map[credits.Kind]string{
			"end":   "-49.25", // 9.5 of summer at midnight; 39.75 of June's plan: 100 - 30.25 - 30 held
			"renew": "0", "allow": "0", "reserve": "0", "extend": "0",
			"grant": "200",    // June's plan on the 5th, July's on the 31st
			"spend": "-30.25", // job-8, of the plan, which was free: pack-3 was paid
		},
		closing:   "270", // 149.5 - 49.25 + 200 - 30.25
		available: "240", // 100 + 140, which is awake again
		held:      "30",  // hold-4, 20 + 10, of June's plan, which has ended
		dormant:   "0", debt: "0", overdraft: "0",
		lots: "plan 0+30, plan 100, pack 140",
	},
	{
		from: "2024-08-01", to: "2024-09-01", opening: "270",
		entries: 8, // release-4 and the end of it, refund-8 and the end of it, hold-5, use-5, the reset, the grant
		changes: map[credits.Kind]string{
			"release": "0",
			"refund":  "0.25", // of job-8, to June's plan
			"reserve": "0",
			"capture": "-75",    // the 60 of hold-5, and 15 more of July's plan: 100 - 75 = 25
			"end":     "-55.25", // 30 released and 0.25 refunded to June's plan, at once; 25 by the reset
			"grant":   "100",
		},
		closing:   "240", // 270 + 0.25 - 75 - 55.25 + 100
		available: "240", held: "0", dormant: "0", debt: "0", overdraft: "0",
		lots: "plan 100, pack 140",
	},
	{
		from: "2024-09-01", to: "2024-10-01", opening: "240",
		entries: 3, // plan-3, job-9, the plan's grant
		changes: map[credits.Kind]string{
			"allow": "0",
			"spend": "-120", // 100 of August's plan, 20 of pack-3: nothing is left for the reset to end
			"grant": "80",   // on the 30th, by the new amount
		},
		closing:   "200", // 240 - 120 + 80
		available: "200", held: "0", dormant: "0", debt: "0", overdraft: "0",
		lots: "plan 80, pack 120",
	},
	{
		from: "2024-10-01", to: "2024-11-01", opening: "200",
		entries: 7, // overdraft-40, hold-6 and its lapse, job-10, job-11, sorry, the plan's grant
		changes: map[credits.Kind]string{
			"configure": "0",
			"reserve":   "0", "lapse": "0", // 80 + 120 + 30 of the overdraft, for a day
			"spend": "-210", // job-10 is free; job-11: 80 + 120, and 10 of the overdraft
			"grant": "85",   // 5 sorry, all of it for the debt: 10 - 5 = 5; 80 of the plan, 5 of them for the rest
		},
		closing:   "75", // 200 - 210 + 85
		available: "75", held: "0", dormant: "0", debt: "0", overdraft: "40",
		lots: "plan 75",
	},
	{
		from: "2024-11-01", to: "2024-12-01", opening: "75",
		entries: 4, // refund-11, job-12, the reset, the plan's grant
		changes: map[credits.Kind]string{
			"refund": "210", // of job-11: 120 to pack-3; reissued for a month the 80 of September's plan, which was reset, and the 10 that were debt
			"spend":  "-20", // job-12, of what was reissued, which ends first: 90 - 20 = 70
			"end":    "-75", // October's plan
			"grant":  "80",
		},
		closing:   "270", // 75 + 210 - 20 - 75 + 80
		available: "270", held: "0", dormant: "0", debt: "0", overdraft: "40",
		lots: "refund 70, plan 80, pack 120",
	},
	{
		from: "2024-12-01", to: "2025-01-01", opening: "270",
		entries: 6, // video-first, job-13, the end of what was reissued, no-plan, job-14, the lapse of the plan
		changes: map[credits.Kind]string{
			"amend": "0",
			"spend": "-135", // job-13: 50 of pack-3, whose turn is first now; job-14: 80 of November's plan, and 5 of the overdraft
			"end":   "-70",  // what was reissued on 15 November, a month later
			"allow": "0", "lapse": "0",
		},
		closing:   "65", // 270 - 135 - 70
		available: "-5", // the debt
		held:      "0",
		dormant:   "70", // pack-3, 120 - 50, asleep from 31 December 10:00
		debt:      "5", overdraft: "40",
		lots: "pack 70",
	},
}

// used is the year by feature, net of nothing.
var used = []credits.FeatureUsage{
	// 12 img-1 + 9 use-3 + 2.5 img-2 + 85 job-14
	{Feature: "ai-image", Uses: 4, Spent: credits.MustParse("108.5")},
	// 25 song-1
	{Feature: "ai-music", Uses: 1, Spent: credits.Of(25)},
	// 40 job-1; 8 + 10 of it came back
	{Feature: "speech-to-text", Uses: 1, Spent: credits.Of(40), Refunded: credits.Of(18)},
	// captures 10 + 15 + 75; spends 25 + 60 + 20 + 5 + 300 + 60 + 90 + 30.25 + 120 + 0 + 210 + 20 + 50;
	// back came 10 of job-6, 0.25 of job-8, 210 of job-11
	{Feature: "video", Uses: 16, Spent: credits.MustParse("1090.25"), Refunded: credits.MustParse("220.25")},
}

// bobs is what became of the gift in the other account.
var bobs = []string{
	"2024-04-02 08:00 transfer 10 = 10",
	"2024-04-02 08:00 transfer 20 = 30",
	"2024-04-05 09:00 end -10 = 20",    // 60 days after refund-2, as it was amended
	"2024-04-30 10:00 rollover 0 = 20", // March's plan, with its rollover
	"2024-05-30 10:00 end -20 = 0",     // a month later, once
}
