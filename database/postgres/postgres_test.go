//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/database/postgres"
	"github.com/apiphant/apiphant/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func open(t *testing.T, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// TestLock tests the lock of migrations, with a pool whose one connection is in
// use.
func TestLock(t *testing.T) {
	url := pgtest.NewDatabase(t) + "&pool_max_conns=1"
	first, second := open(t, url), open(t, url)
	used, err := first.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer used.Release()
	if stats := first.Stats(); stats.Max != 1 || stats.InUse != 1 {
		t.Errorf("got %+v, want 1 of 1 connections in use", stats)
	}
	unlock, err := first.Lock(t.Context(), func() { t.Error("waited for a free lock") })
	if err != nil {
		t.Fatal(err)
	}
	waiting, locked := make(chan struct{}), make(chan error, 1)
	go func() {
		unlock, err := second.Lock(t.Context(), func() { close(waiting) })
		if err == nil {
			unlock()
		}
		locked <- err
	}()
	select {
	case <-waiting:
	case err := <-locked:
		t.Fatalf("two have the lock, %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("nobody waits for the lock")
	}
	unlock()
	if err := <-locked; err != nil {
		t.Error(err)
	}

	unlock, err = first.Lock(t.Context(), func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := second.Lock(ctx, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait: got %v", err)
	}
}

func TestPing(t *testing.T) {
	cluster := pgtest.Start(t)
	db := open(t, cluster.URL("postgres"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := db.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	cluster.Stop(syscall.SIGQUIT)
	if err := db.Ping(ctx); err == nil {
		t.Error("a server that is gone answers")
	}
}
