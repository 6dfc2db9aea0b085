package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/apiphant/apiphant/database/sqlite"
)

func open(t *testing.T, url string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func newURL(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "data of ours.db") }

// TestReadsBesideWriter tests that a transaction which writes is in nobody's way
// who reads, and that readers can't write.
func TestReadsBesideWriter(t *testing.T) {
	db := open(t, newURL(t))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := db.Write.ExecContext(ctx, "CREATE TABLE word (text TEXT)"); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Write.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO word VALUES ('a')"); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		t.Helper()
		if err := db.Read.QueryRowContext(ctx, "SELECT count(*) FROM word").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != 0 {
		t.Errorf("%d rows are read before the commit, want 0", n)
	}
	if err := db.Ping(ctx); err != nil {
		t.Errorf("Ping beside a writer: %v", err)
	}
	if stats := db.Stats(); stats.InUse != 1 || stats.Max != 9 {
		t.Errorf("got %+v, want 1 of 9 connections in use", stats)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Errorf("%d rows are read after the commit, want 1", n)
	}
	if _, err := db.Read.ExecContext(ctx, "DELETE FROM word"); err == nil {
		t.Error("a connection that reads has written")
	}
}

func TestLock(t *testing.T) {
	url := newURL(t)
	first, second := open(t, url), open(t, url)
	unlock, err := first.Lock(t.Context(), func() { t.Error("waited for a free lock") })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Write.ExecContext(t.Context(), "CREATE TABLE word (text TEXT)"); err != nil {
		t.Errorf("writing with the lock: %v", err)
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

// TestOpenBesideCreator: a file is opened while another process writes to it that has not
// begun its write-ahead log, as where several processes create one file at the same time.
func TestOpenBesideCreator(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		db, err := sqlite.Open(t.Context(), "sqlite://"+path)
		if err == nil {
			db.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("it does not wait: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
}
