//go:build !unix

package deploy_test

import "testing"

// These tests run nginx, supervisord, dpkg-deb and shells.

func TestCheck(t *testing.T)           { t.Skip("needs Unix") }
func TestDeployment(t *testing.T)      { t.Skip("needs Unix") }
func TestFrontRetries(t *testing.T)    { t.Skip("needs Unix") }
func TestFrontTLS(t *testing.T)        { t.Skip("needs Unix") }
func TestInstallPackage(t *testing.T)  { t.Skip("needs Unix") }
func TestNewDebian(t *testing.T)       { t.Skip("needs Unix") }
func TestPackage(t *testing.T)         { t.Skip("needs Unix") }
func TestPackagesScripts(t *testing.T) { t.Skip("needs Unix") }
func TestSystem(t *testing.T)          { t.Skip("needs Unix") }
func TestSystemPackage(t *testing.T)   { t.Skip("needs Unix") }
