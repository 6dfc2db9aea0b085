package deploy

import "net"

// InstanceAddress is where the process of a template unit listens, whose
// instance is named by its port.
func (d *Deployment) InstanceAddress() string { return net.JoinHostPort(d.Host, "%i") }
