package durable

import "strings"

// statements are those of the ledger.
//
// A worker is alive while it has a row in apiphant_worker whose beat is not
// negative. No clock decides that: a worker that is gone is marked by another one,
// which has watched its row; see watch.
type statements struct {
	begin, read, claim, release, takeBack, add, hold, free string // of tasks
	beat, join, workers, mark, leave, forget, clock        string // of workers
	running, giveBack, giveBackOne                         string // of jobs
}

func newStatements(dialect Dialect) statements {
	fill := func(statement string) string {
		return strings.NewReplacer(
			"ALIVE(", "EXISTS (SELECT 1 FROM apiphant_worker w WHERE w.beat >= 0 AND w.id = ",
			"NOW", dialect.Now,
			"LASTOF", dialect.LastOf,
			"DIED", dialect.Died,
		).Replace(statement)
	}
	return statements{
		begin: `INSERT INTO apiphant_task (name, spec, tick) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, tick = excluded.tick, tries = 0
			WHERE apiphant_task.spec <> excluded.spec`,
		// The first row is the clock.
		read: fill(`SELECT '' AS name, '' AS spec, NOW AS tick, 0 AS tries, '' AS state UNION ALL
			SELECT name, spec, tick, tries, CASE
			WHEN holder <> $1 AND ALIVE(t.holder) THEN 'busy'
			WHEN worker IS NULL THEN 'free' WHEN worker = $2 THEN 'orphan' WHEN ALIVE(t.worker) THEN 'busy' ELSE 'orphan' END
			FROM apiphant_task AS t`),
		claim: fill(`UPDATE apiphant_task AS t SET tries = CASE WHEN tick = $1 THEN tries + 1 ELSE 1 END, tick = $2, worker = $3
			WHERE name = $4 AND spec = $5 AND tick = $6 AND (worker IS NULL OR worker = $7 OR NOT ALIVE(t.worker))
			AND NOT ALIVE(t.holder) AND ALIVE($8)`),
		release: `UPDATE apiphant_task SET worker = CASE WHEN $1 = 1 THEN NULL ELSE '' END WHERE name = $2 AND worker = $3`,
		takeBack: `UPDATE apiphant_task SET tick = $1, tries = 0
			WHERE name = $2 AND spec = $3 AND tick = $4 AND worker IS NULL`,
		add: `INSERT INTO apiphant_task (name, spec, tick) VALUES ($1, '', 0) ON CONFLICT (name) DO NOTHING`,
		hold: fill(`UPDATE apiphant_task AS t SET holder = $1
			WHERE name = $2 AND NOT ALIVE(t.worker) AND (NOT ALIVE(t.holder) OR t.holder = $3) AND ALIVE($4)`),
		free: `UPDATE apiphant_task SET holder = NULL WHERE name = $1 AND holder = $2`,

		beat:    fill(`UPDATE apiphant_worker SET beat = NOW WHERE id = $1 AND beat >= 0`),
		join:    fill(`INSERT INTO apiphant_worker (id, beat) VALUES ($1, NOW) ON CONFLICT (id) DO UPDATE SET beat = NOW`),
		workers: fill(`SELECT '' AS id, NOW AS beat UNION ALL SELECT id, beat FROM apiphant_worker`),
		mark:    `UPDATE apiphant_worker SET beat = -1 WHERE id = $1 AND beat = $2`,
		leave:   `UPDATE apiphant_worker SET beat = -1 WHERE id = $1`,
		forget:  `DELETE FROM apiphant_worker WHERE id = $1 AND beat < 0`,
		clock:   fill(`SELECT NOW`),

		running: fill(`SELECT id, attempt, kind FROM river_job WHERE state = 'running' AND LASTOF = $1`),
		giveBack: fill(`UPDATE river_job SET state = 'available', attempt = attempt - 1, metadata = CASE WHEN $1 = 1 THEN DIED ELSE metadata END
			WHERE state = 'running' AND LASTOF = $2`),
		giveBackOne: fill(`UPDATE river_job SET state = 'available', attempt = attempt - 1
			WHERE id = $1 AND attempt = $2 AND state = 'running' AND LASTOF = $3`),
	}
}
