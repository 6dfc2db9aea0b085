package worker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/worker"
)

func TestOpenTellsNoSecret(t *testing.T) {
	for _, url := range []string{
		"postgres://user:verysecret@127.0.0.1/shop",
		"postgres://user@127.0.0.1/shop?password=verysecret&sslmode=bogus",
		"host=127.0.0.1 password=verysecret",
		"postgres://user:verysecret@[::1/shop",
		"host=127.0.0.1 password=verysecret options=a://b",
		"postgres:user:verysecret@://127.0.0.1/shop",
		"postgres://user:1/verysecret@127.0.0.1/shop",
		"postgres://user:1?verysecret@127.0.0.1/shop",
		"postgres://user:1#verysecret@127.0.0.1/shop",
		"mysql://user:1/verysecret@127.0.0.1/shop",
	} {
		_, err := worker.Open(t.Context(), &background.Product{}, url, nil)
		if err == nil || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("Open(%q): got %v, want an error without the password", url, err)
		}
	}
}

func TestCheckTellsOnlyWhatIsWrong(t *testing.T) {
	wrong := &background.Product{Tasks: func() []background.Task { return []background.Task{{Name: "idle", Every: time.Second}} }}
	err := worker.Check(wrong)
	if err == nil || !strings.Contains(err.Error(), "idle has no Run") || strings.Contains(err.Error(), "nothing to run") {
		t.Errorf("got %v, want that idle has no Run and nothing else", err)
	}
	if err := worker.Check(&background.Product{}); err == nil || !strings.Contains(err.Error(), "nothing to run") {
		t.Errorf("got %v, want that there is nothing to run", err)
	}
}
