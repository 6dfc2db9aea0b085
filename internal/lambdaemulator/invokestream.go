package lambdaemulator

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"net/http"
	"time"
)

// invokeStream answers with the parts of the function's answer as they come, as events of
// AWS's event stream encoding.
func (h *Handler) invokeStream(w http.ResponseWriter, call Call) {
	out := &eventStream{w: w, version: version(call.Qualifier)}
	call.Stream = func(string) io.Writer {
		out.begin()
		return out
	}
	result, err := h.function.Invoke(call)
	if err != nil {
		writeError(w, refusal(err))
		return
	}
	out.begin()
	complete := struct {
		ErrorCode    string `json:"ErrorCode,omitempty"`
		ErrorDetails string `json:"ErrorDetails,omitempty"`
		LogResult    string `json:"LogResult"`
	}{LogResult: base64.StdEncoding.EncodeToString(result.Log)}
	if result.Failed {
		complete.ErrorCode, complete.ErrorDetails = "Unhandled", string(result.Payload)
	}
	payload, _ := json.Marshal(complete)
	_ = out.send("InvokeComplete", "application/json", payload)
}

// eventStream writes events to a client.
type eventStream struct {
	w       http.ResponseWriter
	version string
	begun   bool
}

// begin sends the head of the response, once.
func (s *eventStream) begin() {
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		s.w.Header().Set("X-Amz-Executed-Version", s.version)
		s.w.WriteHeader(http.StatusOK)
	}
}

// Write sends a part of the answer.
func (s *eventStream) Write(p []byte) (int, error) {
	if err := s.send("PayloadChunk", "application/octet-stream", p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *eventStream) send(kind, contentType string, payload []byte) error {
	return writeFlushed(s.w, appendEvent(nil, kind, contentType, payload))
}

// writeTimeout is how long a client may take for an answer, or for a part of one that
// streams.
const writeTimeout = 30 * time.Second

// hurry bounds how long the client may take for what is sent next.
func hurry(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // a test's recorder has none
}

// writeFlushed sends p at once.
func writeFlushed(w http.ResponseWriter, p []byte) error {
	hurry(w)
	control := http.NewResponseController(w)
	if _, err := w.Write(p); err != nil {
		return err
	}
	return control.Flush()
}

// appendEvent appends an event in the encoding of application/vnd.amazon.eventstream: the
// lengths of all and of the headers, their checksum, headers, payload, and the checksum of
// all. See https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html.
func appendEvent(to []byte, kind, contentType string, payload []byte) []byte {
	var headers []byte
	for _, header := range [][2]string{{":event-type", kind}, {":content-type", contentType}, {":message-type", "event"}} {
		headers = append(append(headers, byte(len(header[0]))), header[0]...)
		headers = binary.BigEndian.AppendUint16(append(headers, 7), uint16(len(header[1]))) // 7: a text
		headers = append(headers, header[1]...)
	}
	begin := len(to)
	to = binary.BigEndian.AppendUint32(to, uint32(12+len(headers)+len(payload)+4))
	to = binary.BigEndian.AppendUint32(to, uint32(len(headers)))
	to = binary.BigEndian.AppendUint32(to, crc32.ChecksumIEEE(to[begin:]))
	to = append(append(to, headers...), payload...)
	return binary.BigEndian.AppendUint32(to, crc32.ChecksumIEEE(to[begin:]))
}
