package main

import "github.com/scriphq/scrip/pricing"

// story is a year of two customers. Grace has used Filmora before credits came,
// and subscribed before 20 May 2024; Ada came later.
var story = []scene{
	{"2023-11-20 09:00:00", earned{"grace", "first-login", ""}},
	{"2023-11-20 09:05:00", converted{"grace", "licence-12", "speech-to-text", pricing.MustParseQuantity("12m30s")}},
	{"2023-11-20 09:05:00", converted{"grace", "licence-12", "text-to-speech", pricing.MustParseQuantity("1234 words")}},
	{"2023-11-20 09:30:00", paid{annual, "in-101", "2023-11-20 09:30:00"}},
	{"2024-05-02 16:20:00", used{"grace", "job-1", with("ai-translation", "translate", "voice and text", "49m12s")}},

	{"2024-09-02 09:00:00", earned{"ada", "first-login", ""}},
	{"2024-09-02 09:00:03", earned{"ada", "first-login", ""}}, // reported by her second device
	{"2024-09-02 09:01:00", earned{"ada", "daily-login", ""}},
	{"2024-09-02 09:20:00", used{"ada", "job-2", with("speech-to-text", "translation", "no", "3m20s")}},
	{"2024-09-02 09:40:00", used{"ada", "job-3", pricing.Use{Feature: "text-to-speech", Quantity: narration}}},
	{"2024-09-03 08:10:00", earned{"ada", "daily-login", ""}},
	{"2024-09-03 22:05:00", earned{"ada", "daily-login", ""}}, // the same day
	{"2024-09-03 22:15:00", used{"ada", "job-4", pricing.Use{Feature: "ai-sticker"}}},
	{"2024-09-04 18:00:00", earned{"ada", "submission", "video-31"}},
	{"2024-09-05 12:00:00", paid{monthly, "in-207", "2024-09-05 12:00:00"}},
	{"2024-09-05 12:01:00", paid{monthly, "in-207", "2024-09-05 12:00:00"}}, // the webhook, once more
	{"2024-09-05 15:00:00", used{"ada", "job-5", with("ai-translation", "translate", "voice and text", "8m12s")}},
	{"2024-09-12 10:00:00", used{"ada", "job-6", with("ai-text-to-video", "generate", "text", "")}},
	{"2024-09-12 10:02:00", used{"ada", "job-7", with("ai-text-to-video", "generate", "video", "")}},
	{"2024-09-20 11:00:00", used{"ada", "job-8", pricing.Use{Feature: "ai-copywriting"}}},
	{"2024-09-20 11:10:00", used{"ada", "job-9", pricing.Use{Feature: "ai-image"}}},
	{"2024-09-20 11:10:30", used{"ada", "job-9", pricing.Use{Feature: "ai-image"}}}, // a retry: the answer was lost
	{"2024-09-28 14:00:00", used{"ada", "job-10", with("ai-translation", "translate", "text", "3m")}},
	{"2024-10-05 12:00:04", paid{monthly, "in-261", "2024-10-05 12:00:00"}},
	{"2024-10-12 09:00:00", used{"ada", "job-11", pricing.Use{Feature: "ai-music"}}},
	{"2024-10-12 09:30:00", used{"ada", "job-12", with("speech-to-text", "translation", "yes", "2m1s")}},
	{"2024-10-20 20:00:00", used{"ada", "job-13", film}}, // more than she has
	{"2024-10-20 20:02:00", toppedUp{"ada", "order-88", "medium"}},
	{"2024-10-20 20:02:10", used{"ada", "job-13", film}}, // the same job
	{"2024-11-05 12:00:03", paid{monthly, "in-322", "2024-11-05 12:00:00"}},

	{"2024-11-20 09:30:05", paid{annual, "in-340", "2024-11-20 09:30:00"}},
	{"2024-11-20 10:00:00", bought{"grace", "order-97", "perpetual"}},
	{"2024-11-21 08:55:00", earned{"ada", "daily-login", ""}},
}

var (
	annual  = subscription{id: "sub-1", account: "grace", plan: "annual", since: "2023-11-20 09:30:00"}
	monthly = subscription{id: "sub-2", account: "ada", plan: "monthly", since: "2024-09-05 12:00:00"}

	film      = with("ai-translation", "translate", "voice and text", "45m")
	narration = mustCount(pricing.Words("We went up before sunrise, and when the fog opened there it was: " +
		"the whole valley, quiet, and not one of us said a word."))
)

// with is a use whose price depends on an attribute. Without a quantity it is a
// single one.
func with(feature, attribute, value, quantity string) pricing.Use {
	use := pricing.Use{Feature: feature, Attributes: map[string]string{attribute: value}}
	if quantity != "" {
		use.Quantity = pricing.MustParseQuantity(quantity)
	}
	return use
}

func mustCount(q pricing.Quantity, err error) pricing.Quantity {
	if err != nil {
		panic(err)
	}
	return q
}
