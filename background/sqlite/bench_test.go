package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/sqlite"
	file "github.com/apiphant/apiphant/database/sqlite"
)

func BenchmarkJobs(b *testing.B) {
	url := "sqlite://" + filepath.Join(b.TempDir(), "jobs.db")
	db, err := file.Open(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	enginetest.Bench(b, sqlite.Engine(), riversqlite.New(db.Write), url, enginetest.Log(b), func() {
		if _, err := db.Write.ExecContext(b.Context(), "DELETE FROM river_job"); err != nil {
			b.Fatal(err)
		}
	})
}
