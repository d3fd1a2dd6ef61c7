package memory_test

import (
	"testing"

	"github.com/scriphq/scrip/store/storetest"
)

func TestRunLedger(t *testing.T) { storetest.RunLedger(t, open) }

func TestDrowsyRunLedger(t *testing.T) { storetest.RunLedger(t, openDrowsy) }
