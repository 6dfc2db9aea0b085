//go:build unix

package connection

import "syscall"

const canPeek = true

// waitReadable waits until the connection's deadline for something to read, and
// reports whether there is something that is not the end.
func waitReadable(socket syscall.RawConn) (more bool, err error) {
	var peeked [1]byte
	var failure error
	err = socket.Read(func(descriptor uintptr) (done bool) {
		var n int
		for {
			n, _, failure = syscall.Recvfrom(int(descriptor), peeked[:], syscall.MSG_PEEK)
			if failure != syscall.EINTR {
				break
			}
		}
		more = failure == nil && n > 0
		return failure != syscall.EAGAIN
	})
	return more, err
}
