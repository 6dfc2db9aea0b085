// Package background runs functions of a product on a schedule (tasks), and
// functions whose arguments wait in a database until they are done (jobs).
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
// With these, apiphant-background myproduct prints
//
//	Apiphant is scheduling myproduct.api.background
//	INFO at background.Run:107 [2013-08-12 13:16:52,624] Task UpdateSomething: OK.
//
// This package has the names that a product writes: [Task], [Seconds], [Cron],
// [Tick], [Failure], [Job], [NewJob] and [Engine]. Packages below it have the
// rest: sqlite and postgres are engines, engine says what an engine has to do,
// worker runs tasks and jobs, metrics counts them for Prometheus, and mail sends
// failures by e-mail. docs/background.md states what is promised.
package background
