package worker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/worker"
)

func TestCheckReturnsOnlyWhatIsWrong(t *testing.T) {
	wrong := &background.Product{Tasks: func() []background.Task { return []background.Task{{Name: "idle", Every: time.Second}} }}
	err := worker.Check(wrong)
	if err == nil || !strings.Contains(err.Error(), "idle has no Run") || strings.Contains(err.Error(), "nothing to run") {
		t.Errorf("got %v, want that idle has no Run and nothing else", err)
	}
	if err := worker.Check(&background.Product{}); err == nil || !strings.Contains(err.Error(), "nothing to run") {
		t.Errorf("got %v, want that there is nothing to run", err)
	}
}
