//go:build !unix

package apiphant_test

import "testing"

func TestReadme(t *testing.T) { t.Skip("types the README's commands into bash, on Unix") }
