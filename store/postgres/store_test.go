package postgres_test

import (
	"testing"

	"github.com/scriphq/scrip/store/storetest"
)

func TestStore(t *testing.T) { storetest.Run(t, open) }

func TestLedger(t *testing.T) { storetest.RunLedger(t, open) }

func TestConcurrent(t *testing.T) { storetest.RunConcurrent(t, open) }

func TestSoak(t *testing.T) { storetest.Soak(t, open) }
