package deploy

import "syscall"

// endWithParent arranges that a process is killed when the thread ends that starts it:
// with the deployment, also where that is killed.
func endWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
