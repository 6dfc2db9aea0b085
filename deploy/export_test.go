package deploy

import (
	"context"
	"time"
)

// InstallPackage is what a deployment does where a program is missing.
func InstallPackage(ctx context.Context, program, name string) (string, error) {
	return installPackages(ctx, []debianPackage{{program, name}, {"sh", "dash"}})
}

var KnowsHost = knowsHost

var MakeLog = makeLog

// SetWatch sets how long programs are watched that were started.
func (d *Deployment) SetWatch(duration time.Duration) { d.shortWatch = duration }
