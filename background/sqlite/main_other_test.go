//go:build !linux

package sqlite_test

import (
	"os"
	"testing"

	"github.com/apiphant/apiphant/background/internal/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }
