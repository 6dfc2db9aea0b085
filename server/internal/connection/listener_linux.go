package connection

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// letNobodyIn makes the system ignore clients that begin to connect from now on.
// Those who have begun before can still complete it. A client that is ignored
// tries again after a second, as if a packet was lost, and finds what is there by
// then: the next process, or nobody. It holds for every process that has the
// socket.
//
// It is a filter of the socket that drops TCP segments with SYN. Linux has no
// other way to stop a listener without a reset for those who connect at that
// moment: a backlog of 0 lets one in, and shutdown resets the queue.
func letNobodyIn(ln net.Listener) bool {
	const flags, syn = 13, 0x02 // RFC 9293, 3.1
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: syn, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
	}
	system, ok := ln.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return false
	}
	failure := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
	return failure == nil && err == nil
}
