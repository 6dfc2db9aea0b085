package background

import (
	"context"

	"github.com/apiphant/apiphant/background/engine"
)

// Product is what a product declares in its package api/background. A function
// that it does not declare is nil.
type Product struct {
	Tasks   func() []Task
	Jobs    func() []AnyJob
	Engines func() []Engine // the databases that --database may name

	// OnError is called for each failure, after the failure was logged and
	// before the next task runs. It has 30 seconds. An error that it returns is
	// logged, and has no other effect.
	OnError func(ctx context.Context, failure Failure) error
}

// Engine is a kind of database that jobs can be kept in: sqlite.Engine(),
// postgres.Engine() or, for AWS Lambda, sqs.Engine(). What an engine has to do is in package
// [github.com/apiphant/apiphant/background/engine].
type Engine = engine.Engine

// ErrNoDatabase is returned by [Job.Enqueue] in a program that was started
// without --database.
var ErrNoDatabase = engine.ErrNoDatabase
