package background

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Product is what a product has in its package api/background; nil for what it
// has not.
type Product struct {
	Tasks   func() []Task
	Jobs    func() []AnyJob
	Engines func() []Engine // what its --database can be

	// OnError is told of each run that failed, after it was logged, before the
	// next one. It has 30 seconds. Its own error is logged, and nothing else.
	OnError func(ctx context.Context, failure Failure) error
}

// plan is a Product that was found to be right.
type plan struct {
	tasks []*task
	jobs  []*Definition
}

// errNothing is said where there is nothing to run.
var errNothing = errors.New("nothing to run in the background: list tasks or jobs in api/background/background.go, such as\n\n" +
	"\tfunc Tasks() []background.Task {\n\t\treturn []background.Task{background.Seconds(60, UpdateSomething)}\n\t}")

// Check tells everything that can't work, naming the tasks and jobs.
func (p *Product) Check() error {
	_, err := p.plan()
	return err
}

func (p *Product) plan() (*plan, error) {
	if p == nil {
		return nil, errNothing
	}
	made := &plan{}
	var errs []error
	if p.Tasks != nil {
		errs = append(errs, made.addTasks(p.Tasks())...)
	}
	jobs, err := p.Definitions()
	made.jobs = jobs
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	if len(made.tasks)+len(made.jobs) == 0 {
		return nil, errNothing
	}
	return made, nil
}

func (p *plan) addTasks(tasks []Task) (errs []error) {
	now := time.Now()
	for _, t := range tasks {
		compiled, err := compile(t, now)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if slices.ContainsFunc(p.tasks, func(other *task) bool { return other.Name == compiled.Name }) {
			errs = append(errs, fmt.Errorf("two tasks are called %s: set the Name of one", compiled.Name))
		}
		p.tasks = append(p.tasks, compiled)
	}
	return errs
}

// Definitions returns the product's jobs, and what is wrong with them.
func (p *Product) Definitions() (jobs []*Definition, err error) {
	if p == nil || p.Jobs == nil {
		return nil, nil
	}
	var errs []error
	for _, job := range p.Jobs() {
		if job == nil {
			errs = append(errs, errors.New("one of the jobs is nil"))
			continue
		}
		defined := job.Definition()
		if err := defined.check(); err != nil {
			errs = append(errs, err)
		}
		if slices.ContainsFunc(jobs, func(other *Definition) bool { return other.Name == defined.Name }) {
			errs = append(errs, fmt.Errorf("two jobs are called %s", defined.Name))
		}
		jobs = append(jobs, defined)
	}
	return jobs, errors.Join(errs...)
}
