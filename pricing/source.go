package pricing

// The sources of the grants that a catalog makes. They also begin the grants' IDs.
const (
	SourcePlan       = "plan"
	SourcePack       = "pack"
	SourceBonus      = "bonus"
	SourceConversion = "conversion"
	SourceTopUp      = "topup" // a pack that was bought by itself
)
