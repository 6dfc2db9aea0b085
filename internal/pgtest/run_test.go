//go:build unix

package pgtest_test

import (
	"os"
	"os/signal"
	"testing"

	"github.com/apiphant/apiphant/internal/pgtest"
)

// TestRun starts a server for somebody to try things with.
func TestRun(t *testing.T) {
	if os.Getenv("PGTEST") == "" {
		t.Skip("set PGTEST=FILE to have a PostgreSQL until Ctrl-C, whose URL is in the file")
	}
	c := pgtest.Start(t)
	if err := os.WriteFile(os.Getenv("PGTEST"), []byte(c.URL("postgres")), 0o600); err != nil {
		t.Fatal(err)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	<-interrupted
}
