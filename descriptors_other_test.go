//go:build !unix

package apiphant_test

import "testing"

func withoutDescriptors(t *testing.T) (restore func()) {
	t.Helper()
	t.Skip("needs Unix, which bounds the descriptors of a process")
	return nil
}
