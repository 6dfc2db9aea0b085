package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/sqlite"
)

func BenchmarkJobs(b *testing.B) {
	url := "sqlite://" + filepath.Join(b.TempDir(), "jobs.db")
	pool, err := sqlite.Open(url)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	enginetest.Bench(b, sqlite.Engine(), riversqlite.New(pool), url, enginetest.Log(b), func() {
		if _, err := pool.ExecContext(b.Context(), "DELETE FROM river_job"); err != nil {
			b.Fatal(err)
		}
	})
}
