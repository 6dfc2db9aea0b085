package supervisord

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// PID returns the process id of supervisord, which shows that it answers.
func (c *Client) PID(ctx context.Context) (int, error) {
	value, err := c.call(ctx, "supervisor.getPID")
	pid, _ := value.(int)
	return pid, err
}

// Process is a program that supervisord runs.
type Process struct {
	Group, Name string
	State       string // "RUNNING", "STARTING", "BACKOFF", "FATAL" …
	PID         int    // 0: it does not run
	Why         string // why it was not started; "": nothing is said
}

// Processes returns the processes of a group, none where supervisord does not know it.
func (c *Client) Processes(ctx context.Context, group string) ([]Process, error) {
	value, err := c.call(ctx, "supervisor.getAllProcessInfo")
	if err != nil {
		return nil, err
	}
	var found []Process
	all, _ := value.([]any)
	for _, one := range all {
		fields, _ := one.(map[string]any)
		text := func(name string) string { text, _ := fields[name].(string); return text }
		pid, _ := fields["pid"].(int)
		if text("group") == group {
			found = append(found, Process{Group: group, Name: text("name"), State: text("statename"), PID: pid, Why: text("spawnerr")})
		}
	}
	return found, nil
}

// Change is what became of a group's configuration since supervisord loaded it.
type Change int

const (
	Unchanged Change = iota
	Added
	Changed
	Removed
)

// Reread lets supervisord read its configuration, and returns what has changed of a
// group. Nothing is started or stopped by that.
func (c *Client) Reread(ctx context.Context, group string) (Change, error) {
	value, err := c.call(ctx, "supervisor.reloadConfig")
	if err != nil {
		return Unchanged, err
	}
	list, _ := value.([]any) // of a list of three lists
	if len(list) == 1 {
		list, _ = list[0].([]any)
	}
	for i, change := range []Change{Added, Changed, Removed} {
		if i < len(list) {
			if groups, _ := list[i].([]any); slices.Contains(groups, any(group)) {
				return change, nil
			}
		}
	}
	return Unchanged, nil
}

// Update makes a group what its configuration says: all of its processes are stopped
// and started again where it has changed. It returns when they are stopped; whether those
// that it starts come up, [Client.Processes] says.
func (c *Client) Update(ctx context.Context, group string) error {
	change, err := c.Reread(ctx, group)
	if err != nil {
		return err
	}
	if change == Changed || change == Removed {
		if _, err := c.wait(ctx, "supervisor.stopProcessGroup", group, true); err != nil {
			return err
		}
		if err := c.removeGroup(ctx, group); err != nil {
			return fmt.Errorf("group %s: %w", group, err)
		}
	}
	if change == Changed || change == Added {
		if _, err := c.call(ctx, "supervisor.addProcessGroup", group); err != nil && !is(err, alreadyAdded) {
			return fmt.Errorf("group %s: %w", group, err)
		}
	}
	return nil
}

// removeGroup removes a group when all of its processes have ended. Some may still do so
// that were told to by a caller before, who did not wait.
func (c *Client) removeGroup(ctx context.Context, group string) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := c.call(ctx, "supervisor.removeProcessGroup", group)
		if !is(err, stillRunning) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Start starts a process, and does not wait until it is up.
func (c *Client) Start(ctx context.Context, group, name string) error {
	_, err := c.call(ctx, "supervisor.startProcess", group+":"+name, false)
	if is(err, alreadyStarted) {
		err = nil
	}
	return err
}

// Signal sends a signal, such as TERM, to a process, if there is one. supervisord starts a
// process that ends by it again, as autorestart says.
func (c *Client) Signal(ctx context.Context, group, name, signal string) error {
	_, err := c.call(ctx, "supervisor.signalProcess", group+":"+name, signal)
	if is(err, notRunning) {
		err = nil
	}
	return err
}

// Stop stops a process, and waits until it has ended.
func (c *Client) Stop(ctx context.Context, group, name string) error {
	_, err := c.wait(ctx, "supervisor.stopProcess", group+":"+name, true)
	if is(err, notRunning) {
		err = nil
	}
	return err
}

// Shutdown ends supervisord and all that it runs.
func (c *Client) Shutdown(ctx context.Context) error {
	_, err := c.call(ctx, "supervisor.shutdown")
	return err
}
