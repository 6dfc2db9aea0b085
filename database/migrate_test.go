package database_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/database"
)

// locked is a database of which only the lock matters.
type locked struct {
	database.DB
	steps  *[]string
	waits  bool
	refuse error
}

func (l locked) Lock(_ context.Context, waiting func()) (func(), error) {
	if l.refuse != nil {
		return nil, l.refuse
	}
	if l.waits {
		waiting()
	}
	*l.steps = append(*l.steps, "lock")
	return func() { *l.steps = append(*l.steps, "unlock") }, nil
}

func TestMigrate(t *testing.T) {
	noRights := errors.New("permission denied")
	for _, test := range []struct {
		name    string
		pending []bool // what Pending reports, one after the other
		waits   bool
		refuse  error // by Lock
		apply   error
		want    []string
		wantErr error
	}{
		{"nothing to do", []bool{false}, false, nil, nil, []string{"pending"}, nil},
		{"applied", []bool{true, true}, false, nil, nil, []string{"pending", "lock", "pending", "apply", "unlock"}, nil},
		{"another process was first", []bool{true, false}, true, nil, nil, []string{"pending", "lock", "pending", "unlock"}, nil},
		{"the lock fails", []bool{true}, false, noRights, nil, []string{"pending"}, noRights},
		{"the migration fails", []bool{true, true}, false, nil, noRights, []string{"pending", "lock", "pending", "apply", "unlock"}, noRights},
	} {
		t.Run(test.name, func(t *testing.T) {
			var steps []string
			var log bytes.Buffer
			err := database.Migrate(t.Context(), locked{steps: &steps, waits: test.waits, refuse: test.refuse}, slog.New(slog.NewTextHandler(&log, nil)), database.Migration{
				Pending: func(context.Context) (bool, error) {
					steps = append(steps, "pending")
					pending := test.pending[0]
					test.pending = test.pending[1:]
					return pending, nil
				},
				Apply: func(context.Context) error { steps = append(steps, "apply"); return test.apply },
			})
			if !errors.Is(err, test.wantErr) || !slices.Equal(steps, test.want) {
				t.Errorf("got %v, %q, want %v, %q", err, steps, test.wantErr, test.want)
			}
			if waited := strings.Contains(log.String(), "Waiting for another process"); waited != test.waits {
				t.Errorf("the log is %q", log.String())
			}
		})
	}
}
