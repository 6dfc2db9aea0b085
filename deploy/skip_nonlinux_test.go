//go:build !linux

package deploy_test

import "testing"

func TestSystemScale(t *testing.T) { t.Skip("needs network namespaces, which are Linux's") }
func TestSystemd(t *testing.T)     { t.Skip("needs systemd and namespaces, which are Linux's") }
