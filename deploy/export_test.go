package deploy

import "context"

// InstallPackage is what a deployment does where a program is missing.
func InstallPackage(ctx context.Context, program, name string) (string, error) {
	return installPackages(ctx, []debianPackage{{program, name}, {"sh", "dash"}})
}

var KnowsHost = knowsHost
