// Package deploy creates a product from the template, and installs products on
// machines: it renders, checks and applies their configurations.
//
//	err := deploy.New(os.Stdout, "shop")                    // apiphant new shop
//	d, err := deploy.Load("shop", "")                       // its deploy.conf, for this machine
//	err = d.Check(ctx, os.Stdout)                           // nginx -t, supervisor's parser, logrotate
//	err = d.Apply(ctx, deploy.Options{Out: os.Stdout, …})   // ./deploy.sh
//	err = d.Reload(ctx, deploy.Options{Out: os.Stdout, …})  // ./reload.sh
//
// A deployment is a plan of steps, each of which can be done again. A [Piece] is
// a configuration, rendered from a template in the product's folder. What keeps
// the programs running is a keeper: supervisor or systemd.
package deploy
