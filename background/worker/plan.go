package worker

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/engine"
)

// plan holds the tasks and jobs of a product after they have been checked.
type plan struct {
	tasks []*task
	jobs  []*engine.Definition
}

var errNothing = errors.New("nothing to run in the background: list tasks or jobs in api/background/background.go, such as\n\n" +
	"\tfunc Tasks() []background.Task {\n\t\treturn []background.Task{background.Seconds(60, UpdateSomething)}\n\t}")

// Check returns an error that lists everything that is wrong with the tasks and
// jobs of a product, by their names. A product without any task or job is an
// error, too.
func Check(product *background.Product) error {
	_, err := planOf(product)
	return err
}

func planOf(product *background.Product) (*plan, error) {
	if product == nil {
		return nil, errNothing
	}
	made := &plan{}
	var errs []error
	if product.Tasks != nil {
		errs = append(errs, made.addTasks(product.Tasks())...)
	}
	jobs, err := definitions(product)
	made.jobs = jobs
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	if len(made.tasks)+len(made.jobs) == 0 {
		return nil, errNothing
	}
	return made, nil
}

func (p *plan) addTasks(tasks []background.Task) (errs []error) {
	now := time.Now()
	for _, t := range tasks {
		compiled, err := compile(t, now)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if slices.Contains(p.names(), compiled.Name) {
			errs = append(errs, fmt.Errorf("two tasks are called %s: set the Name of one", compiled.Name))
		}
		p.tasks = append(p.tasks, compiled)
	}
	return errs
}

func (p *plan) names() []string {
	names := make([]string, len(p.tasks))
	for i, t := range p.tasks {
		names[i] = t.Name
	}
	return names
}

// definitions returns the definitions of a product's jobs, and an error that
// lists everything that is wrong with them.
func definitions(product *background.Product) (jobs []*engine.Definition, err error) {
	if product == nil || product.Jobs == nil {
		return nil, nil
	}
	var errs []error
	for _, job := range product.Jobs() {
		if job == nil {
			errs = append(errs, errors.New("one of the jobs is nil"))
			continue
		}
		defined := job.Definition()
		if err := defined.Check(); err != nil {
			errs = append(errs, err)
		}
		if slices.ContainsFunc(jobs, func(other *engine.Definition) bool { return other.Name == defined.Name }) {
			errs = append(errs, fmt.Errorf("two jobs are called %s", defined.Name))
		}
		jobs = append(jobs, defined)
	}
	return jobs, errors.Join(errs...)
}
