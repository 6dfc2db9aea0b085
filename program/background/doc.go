// Package background is the door by which a product's tasks run on their
// schedules, and its jobs are worked: the command
//
//	shop background --database sqlite:///var/lib/shop/jobs.db
//
// Any other door of the same program enqueues jobs in that database, too: the
// Door is its [program.Storage].
package background
