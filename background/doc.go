// Package background runs a product's functions on a schedule, and works jobs
// that are kept in a database until they are done.
//
//	package background // in myproduct/api/background
//
//	func Tasks() []background.Task {
//		return []background.Task{
//			background.Seconds(60, UpdateSomething),
//			background.Cron("0 3 * * *", CleanUp),
//		}
//	}
//
//	func UpdateSomething(ctx context.Context) error { return nil }
//	func CleanUp(ctx context.Context) error         { return nil }
//
// is, once apiphant-background myproduct runs,
//
//	Apiphant is scheduling myproduct.api.background
//	INFO at background.Run:107 [2013-08-12 13:16:52,624] Task UpdateSomething: OK.
//
// Without a database the tasks of one process run one at a time. With one, given
// by --database, any number of workers share them: each tick of a task is taken
// by one of them, in one statement, so that none is run for twice and no leader
// has to be found when one dies. Jobs are kept and worked by River.
//
// A product uses [Task], [Seconds], [Cron], [Failure], [Job], [NewJob] and the
// engines in packages sqlite and postgres. The rest is for programs and engines.
// docs/background.md states what is promised.
package background
