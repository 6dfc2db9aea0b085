//go:build unix

package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/apiphant/apiphant/background/internal/enginetest"
	"github.com/apiphant/apiphant/background/postgres"
	"github.com/apiphant/apiphant/internal/pgtest"
)

func BenchmarkJobs(b *testing.B) {
	url := pgtest.NewDatabase(b)
	pool, err := pgxpool.New(b.Context(), url+"&pool_max_conns=10")
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	enginetest.Bench(b, postgres.Engine(), riverpgxv5.New(pool), url, enginetest.Log(b), func() {
		if _, err := pool.Exec(b.Context(), "TRUNCATE river_job"); err != nil {
			b.Fatal(err)
		}
	})
}
