package catalogs_test

import (
	"errors"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

func TestRunwayPrices(t *testing.T) {
	checkCosts(t, "runway", "2025-06-01 00:00", []cost{
		{"per second, by model: gen-4", used("video", "10s", "model=gen-4"), "120"},
		{"per second, by model: gen-4 turbo", used("video", "10s", "model=gen-4 turbo"), "50"},
		{"per second, by model: gen-3", used("video", "10s", "model=gen-3"), "100"},
		{"a started second costs all of it", used("video", "5.001s", "model=gen-4"), "72"},
		{"the shortest video costs a second", used("video", "1ns", "model=gen-4 turbo"), "5"},
		{"an image is flat", used("image"), "8"},
	})
	checkPlans(t, "runway", "standard: 625 every 1 month", "pro: 2250 every 1 month")
	checkPacks(t, "runway", "1000: 1000 for 10.00 USD, each 0.01", "5000: 5000 for 50.00 USD, each 0.01")
}

func TestHeyGenPrices(t *testing.T) {
	t.Run("older", func(t *testing.T) {
		checkCosts(t, "heygen", "2024-12-31 23:59:59.999999", []cost{
			{"5 s cost 0.5", used("avatar-video", "5s"), "0.5"},
			{"the shortest video costs 0.5", used("avatar-video", "1ns"), "0.5"},
			{"30 s cost 0.5", used("avatar-video", "30s"), "0.5"},
			{"just over 30 s cost 1", used("avatar-video", "30.000000001s"), "1"},
			{"31 s cost 1", used("avatar-video", "31s"), "1"},
			{"60 s cost 1", used("avatar-video", "1m"), "1"},
			{"61 s cost 1.5", used("avatar-video", "61s"), "1.5"},
		})
	})
	t.Run("now", func(t *testing.T) {
		checkCosts(t, "heygen", "2025-01-01 00:00", []cost{
			{"1 credit per 2 seconds", used("avatar-video", "2s"), "1"},
			{"a started block costs all of it", used("avatar-video", "2.000000001s"), "2"},
			{"31 s are 16 started blocks", used("avatar-video", "31s"), "16"},
			{"a minute costs 30", used("avatar-video", "1m"), "30"},
			{"flat 10", used("photo-avatar"), "10"},
			{"flat 20", used("motion"), "20"},
		})
	})
	checkPlans(t, "heygen", "creator: 600 every 1 month", "business: 3000 every 1 month", "enterprise: 100000 every 1 month")
	checkPacks(t, "heygen", "annual-3600: 3600 for 150.00 USD, each 0.041666666666666667")
}

func TestElevenLabsPrices(t *testing.T) {
	checkCosts(t, "elevenlabs", "2025-01-01 00:00", []cost{
		{"1 per character", used("speech", "1000 characters", "model=standard", "voice=own"), "1000"},
		{"0.5 on fast models", used("speech", "1001 characters", "model=fast", "voice=own"), "500.5"},
		{"one character on a fast model costs half a credit", used("speech", "1 character", "model=fast", "voice=own"), "0.5"},
		{"a voice multiplies", used("speech", "100 characters", "model=standard", "voice=famous"), "300"},
		{"voice and model multiply together", used("speech", "5 characters", "model=fast", "voice=shared"), "3.75"},
		{"no characters cost nothing", used("speech", "0 characters", "model=standard", "voice=own"), "0"},
		{"isolation 1,000 a minute", used("isolation", "3m"), "3000"},
		{"a started minute of isolation costs all of it", used("isolation", "3m0.001s"), "4000"},
		{"effects 200 flat", used("sound-effect", "duration=chosen"), "200"},
		{"effects 40/s when a duration is given", used("sound-effect", "5s", "duration=given"), "200"},
		{"effects of a given duration, just over a second", used("sound-effect", "1.1s", "duration=given"), "80"},
	})
	checkPlans(t, "elevenlabs", "starter: 30000 every 1 month", "creator: 100000 every 1 month")
}

func TestOpenAIPrices(t *testing.T) {
	checkCosts(t, "openai", "2025-04-14 00:00", []cost{
		{"per token, by model and direction: large", used("responses", "model=large", "input tokens: 1200 tokens", "output tokens: 350 tokens"), "0.0052"},
		{"per token, by model and direction: small", used("responses", "model=small", "input tokens: 1200 tokens", "output tokens: 350 tokens"), "0.00026"},
		{"a single token of the small model is rounded up once", used("responses", "model=small", "input tokens: 1 token", "output tokens: 1 token"), "0.000001"},
		{"a million tokens each way", used("responses", "model=large", "input tokens: 1000000 tokens", "output tokens: 1000000 tokens"), "10"},
		{"one rounding of the sum, not one for each direction", used("responses", "model=small", "input tokens: 5 tokens", "output tokens: 5 tokens"), "0.000003"},
	})
	checkPacks(t, "openai", "5: 5 for 5.00 USD, each 1", "50: 50 for 50.00 USD, each 1")
}

func TestFireflyPrices(t *testing.T) {
	checkCosts(t, "firefly", "2025-02-12 00:00", []cost{
		{"1 per generation", used("image"), "1"},
		{"4 generations", used("image", "4 uses"), "4"},
		{"1 per fill", used("generative-fill"), "1"},
		{"video 20 per second", used("video", "5s", "resolution=540p"), "100"},
		{"video 50 per second", used("video", "5s", "resolution=720p"), "250"},
		{"video 100 per second", used("video", "5s", "resolution=1080p"), "500"},
		{"a started second of video costs all of it", used("video", "4.2s", "resolution=1080p"), "500"},
		{"some features 0", used("remove-background"), "0"},
	})
	checkPlans(t, "firefly", "standard: 2000 every 1 month", "standard-annual: 2000 every 1 month", "pro: 7000 every 1 month")
}

func TestSunoPrices(t *testing.T) {
	checkCosts(t, "suno", "2025-01-01 00:00", []cost{
		{"10 per request", used("song"), "10"},
		{"5 requests are a day's credits", used("song", "5 uses"), "50"},
	})
}

func TestLeonardoPrices(t *testing.T) {
	checkCosts(t, "leonardo", "2025-01-01 00:00", []cost{
		{"per generation, by model: lightning", used("image", "model=lightning"), "7"},
		{"per generation, by model: phoenix", used("image", "4 uses", "model=phoenix"), "96"},
		{"motion", used("motion"), "25"},
		{"a larger size multiplies", used("upscale", "size=4x"), "15"},
	})
	checkPlans(t, "leonardo", "apprentice: 8500 every 1 month", "artisan: 25000 every 1 month")
}

func TestCreatifyPrices(t *testing.T) {
	checkCosts(t, "creatify", "2025-01-01 00:00", []cost{
		{"5 per started 30 s: the shortest", used("video", "1ns"), "5"},
		{"5 per started 30 s: 30 s", used("video", "30s"), "5"},
		{"5 per started 30 s: 30.001 s", used("video", "30.001s"), "10"},
		{"5 per started 30 s: 61 s", used("video", "61s"), "15"},
		{"revision 3 per 30 s", used("revision", "30s"), "3"},
		{"a revision of 45 s", used("revision", "45s"), "6"},
	})
	checkPlans(t, "creatify", "starter: 100 every 1 month", "pro: 200 every 1 month")
}

func TestVisionStoryPrices(t *testing.T) {
	checkCosts(t, "visionstory", "2025-01-01 00:00", []cost{
		{"1 per started 15 s: the shortest", used("video", "1ns", "quality=SD", "green screen=no"), "1"},
		{"1 per started 15 s: 15 s", used("video", "15s", "quality=SD", "green screen=no"), "1"},
		{"1 per started 15 s: 16 s", used("video", "16s", "quality=SD", "green screen=no"), "2"},
		{"HD x2", used("video", "16s", "quality=HD", "green screen=no"), "4"},
		{"green screen +1/min", used("video", "16s", "quality=SD", "green screen=yes"), "3"},
		{"green screen of just over a minute", used("video", "61s", "quality=SD", "green screen=yes"), "7"},
		{"HD does not double the green screen", used("video", "1m", "quality=HD", "green screen=yes"), "9"},
	})
	checkPlans(t, "visionstory", "pro: 120 every 1 month")
}

func TestLadindaPrices(t *testing.T) {
	checkCosts(t, "ladinda", "2025-01-01 00:00", []cost{
		{"6 per minute: the shortest is half a minute", used("video", "1ns", "quality=basic"), "3"},
		{"6 per minute: a minute", used("video", "60s", "quality=basic"), "6"},
		{"61 s is 1.5 min, at 6", used("video", "61s", "quality=basic"), "9"},
		{"61 s is 1.5 min, at 15", used("video", "61s", "quality=advanced"), "22.5"},
		{"61 s is 1.5 min, at 30", used("video", "61s", "quality=premium"), "45"},
		{"91 s is 2 min", used("video", "91s", "quality=premium"), "60"},
		{"course video 8/min", used("course-video", "3m"), "24"},
		{"course video at least 20: 1 s", used("course-video", "1s"), "20"},
		{"course video at least 20: 2.5 min is just that", used("course-video", "2m30s"), "20"},
		{"course video just over 2.5 min", used("course-video", "2m30.5s"), "24"},
	})
	checkPacks(t, "ladinda", "100: 100 for 19.00 EUR, each 0.19", "500: 500 for 79.00 EUR, each 0.158")
}

func TestVislaPrices(t *testing.T) {
	checkCosts(t, "visla", "2025-01-01 00:00", []cost{
		{"6.3 per 1,000 input tokens", used("assistant", "input tokens: 1000 tokens", "output tokens: 0 tokens"), "6.3"},
		{"18.8 per 1,000 output tokens", used("assistant", "input tokens: 0 tokens", "output tokens: 1000 tokens"), "18.8"},
		{"fractions kept", used("assistant", "input tokens: 1 token", "output tokens: 1 token"), "0.0251"},
		{"both directions", used("assistant", "input tokens: 1234 tokens", "output tokens: 567 tokens"), "18.4338"},
		{"transcription 0.5/s", used("transcription", "90s"), "45"},
		{"transcription of a millisecond", used("transcription", "1ms"), "0.0005"},
		{"1 GB of storage is free", used("storage", "1 GB-day"), "0"},
		{"less than 1 GB is free", used("storage", "0.2 GB-days"), "0"},
		{"storage 1.3 per GB-day above", used("storage", "3.5 GB-days"), "3.25"},
		{"storage just above", used("storage", "1.001 GB-days"), "0.0013"},
	})
}

func TestCopilotPrices(t *testing.T) {
	checkCosts(t, "copilot", "2025-06-01 00:00", []cost{
		{"1 x 0", used("prompt", "model=included"), "0"},
		{"1 x 0.25", used("prompt", "model=light"), "0.25"},
		{"1 x 1", used("prompt", "model=standard"), "1"},
		{"1 x 50", used("prompt", "model=frontier"), "50"},
		{"3 prompts x 0.25", used("prompt", "3 uses", "model=light"), "0.75"},
	})
	checkPlans(t, "copilot", "pro: 300 every 1 month", "pro-plus: 1500 every 1 month")
}

func TestClayPrices(t *testing.T) {
	checkCosts(t, "clay", "2025-01-01 00:00", []cost{
		{"per enrichment: 1", used("enrichment", "provider=company size"), "1"},
		{"per enrichment: 3, for 40 rows", used("enrichment", "40 uses", "provider=work email"), "120"},
		{"per enrichment: 25", used("enrichment", "provider=mobile phone"), "25"},
	})
	checkPlans(t, "clay", "starter-monthly: 2000 every 1 month", "starter-yearly: 24000 every 1 year")
}

func TestLovablePrices(t *testing.T) {
	checkCosts(t, "lovable", "2025-07-01 00:00", []cost{
		{"by complexity: styling", used("message", "complexity=styling"), "0.5"},
		{"by complexity: component", used("message", "complexity=component"), "1"},
		{"by complexity: page", used("message", "complexity=page"), "1.7"},
		{"by complexity: application", used("message", "complexity=application"), "2"},
		{"some actions 0", used("fix"), "0"},
		{"the cloud by the hour", used("cloud", "90m"), "1.5"},
	})
	checkPacks(t, "lovable", "50: 50 for 15.00 USD, each 0.3")
}

// No catalog has a free way out: a use that says too little, too much or something
// unknown is refused.
func TestR26_WhatDoesNotFitIsRefused(t *testing.T) {
	tests := []struct {
		product, why string
		use          pricing.Use
		want         error
	}{
		{"runway", "no quantity", used("video", "model=gen-4"), pricing.ErrQuantity},
		{"runway", "a model that is not there", used("video", "5s", "model=gen-9"), pricing.ErrAttribute},
		{"runway", "no model", used("video", "5s"), pricing.ErrAttribute},
		{"elevenlabs", "a duration that is chosen and given", used("sound-effect", "5s", "duration=chosen"), pricing.ErrQuantity},
		{"elevenlabs", "a given duration that is not there", used("sound-effect", "duration=given"), pricing.ErrQuantity},
		{"elevenlabs", "seconds of characters", used("speech", "5s", "model=fast", "voice=own"), pricing.ErrQuantity},
		{"openai", "one direction only", used("responses", "model=large", "input tokens: 5 tokens"), pricing.ErrQuantity},
		{"firefly", "a quantity of what is free", used("remove-background", "5s"), pricing.ErrQuantity},
		{"visionstory", "silence about the green screen", used("video", "5s", "quality=SD"), pricing.ErrAttribute},
		{"visla", "bytes for GB-days", used("storage", "5 GB"), pricing.ErrQuantity},
		{"copilot", "no model", used("prompt"), pricing.ErrAttribute},
		{"lovable", "a feature that has no price", used("deploy"), pricing.ErrFeature},
	}
	for _, test := range tests {
		t.Run(test.product+": "+test.why, func(t *testing.T) {
			d := open(t, test.product, "2026-01-01 00:00")
			quote, err := d.catalog.Quote(d.now, test.use)
			if !errors.Is(err, test.want) || quote.Amount != (credits.Amount{}) {
				t.Errorf("Quote(%v) = %v, %v, want %v", test.use, quote.Amount, err, test.want)
			}
		})
	}
}
