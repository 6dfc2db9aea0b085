// Package deploy creates a product from the template, and installs products on
// machines: it renders, checks and applies their configuration files.
//
//	err := deploy.New(os.Stdout, "shop")                    // apiphant new shop
//	d, err := deploy.Load("shop", "")                       // its deploy.conf, for this machine
//	err = d.Check(ctx, os.Stdout)                           // nginx -t, supervisor's parser, logrotate
//	err = d.Apply(ctx, deploy.Options{Out: os.Stdout, …})   // ./deploy.sh
//	err = d.Reload(ctx, deploy.Options{Out: os.Stdout, …})  // ./reload.sh
//
// A deployment is a plan of steps, each of which can be repeated. A [Piece] is a
// configuration file, rendered from a template in the product's folder. A service
// manager, supervisor or systemd, starts the programs and restarts them.
package deploy
