//go:build unix

package pgtest_test

import (
	"os"
	"os/signal"
	"testing"

	"github.com/apiphant/apiphant/internal/pgtest"
)

// TestRun runs a cluster for somebody to try things with.
func TestRun(t *testing.T) {
	if os.Getenv("PGTEST") == "" {
		t.Skip("set PGTEST=1 to have a PostgreSQL until Ctrl-C")
	}
	c := pgtest.Start(t)
	os.WriteFile(os.Getenv("PGTEST"), []byte(c.URL("postgres")), 0o600)
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	<-interrupted
}
