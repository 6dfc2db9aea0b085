//go:build unix

package server_test

import (
	"net"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/server"
)

// TestHandOver: the successor gets the variables that speak to it, and none that
// speak to this process.
func TestHandOver(t *testing.T) {
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	handed := []string{"LISTEN_FDNAMES=sole", "LISTEN_FDS=1", "NOTIFY_SOCKET=/ready"}
	tests := []struct {
		name      string
		env, want []string
	}{
		{"no manager", []string{"A=b"}, append(handed, "A=b", "APIPHANT_NEXT_NOTIFY_SOCKET=")},
		{"manager", []string{"NOTIFY_SOCKET=/manager", "LISTEN_PID=1", "LISTEN_FDS=1"}, append(handed, "APIPHANT_NEXT_NOTIFY_SOCKET=/manager")},
		{"watchdog", []string{"WATCHDOG_USEC=1", "WATCHDOG_PID=" + strconv.Itoa(os.Getpid())}, append(handed, "APIPHANT_NEXT_NOTIFY_SOCKET=", "WATCHDOG_USEC=1")},
		{"watchdog of another", []string{"WATCHDOG_USEC=1", "WATCHDOG_PID=1"}, append(handed, "APIPHANT_NEXT_NOTIFY_SOCKET=")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			given := slices.Clone(tt.env)
			file, got, err := server.HandOver(ln, tt.env, "/ready")
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if same, err := net.FileListener(file); err != nil || same.Addr().String() != ln.Addr().String() {
				t.Errorf("got %v and %v, want the listener", same, err)
			} else {
				same.Close()
			}
			want := slices.Sorted(slices.Values(tt.want))
			if diff := cmp.Diff(want, slices.Sorted(slices.Values(got))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(given, tt.env); diff != "" {
				t.Errorf("the env given has changed: %s", diff)
			}
		})
	}
}
