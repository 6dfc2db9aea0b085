package connection

import (
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	const grace = 5 * time.Second
	tests := []struct {
		waited time.Duration
		came   int64
		want   time.Duration
	}{
		{0, 0, grace},
		{2 * time.Second, 0, 3 * time.Second},
		{6 * time.Second, 0, 0},
		{6 * time.Second, 4 * MinRate, 3 * time.Second},
		{0, MinRate / 2, 5500 * time.Millisecond},
		{0, 1 << 40, 30 * time.Second},
		{time.Hour, 1 << 40, 30 * time.Second},
		{time.Hour, 3600 * MinRate, grace},
	}
	for _, tt := range tests {
		r := Rate{Grace: grace, waited: tt.waited, came: tt.came}
		if got := r.allowed(); got != tt.want {
			t.Errorf("waited %v for %d bytes: got %v more, want %v", tt.waited, tt.came, got, tt.want)
		}
	}
}
