package logging

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Bounds of texts in a line of the log, in bytes. A longer text is cut, and its
// length is written after it.
const (
	maxText  = 1 << 10 // the message, and each field
	maxStack = 16 << 10
)

// cut returns text, cut if it is longer than limit.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return text[:cutAt(text, limit)] + fmt.Sprintf("…(%d bytes)", len(text))
}

// cutAt returns where to cut text: at limit, or before the character that limit
// would split.
func cutAt[T string | []byte](text T, limit int) int {
	for at := limit; at > limit-utf8.UTFMax && at > 0; at-- {
		if utf8.RuneStart(text[at]) {
			return at
		}
	}
	return limit
}

// cutFields returns fields with those that are too long cut. It does not change
// the slice it was given.
func cutFields(fields []zapcore.Field) []zapcore.Field {
	given := true
	for i, field := range fields {
		short, long := cutField(field)
		if !long {
			continue
		}
		if given {
			fields, given = slices.Clone(fields), false
		}
		fields[i] = short
	}
	return fields
}

func cutField(field zapcore.Field) (short zapcore.Field, long bool) {
	limit := maxText
	if field.Key == stackKey {
		limit = maxStack
	}
	if shown, ok := field.Interface.(inMessage); ok {
		text := shown.InMessage()
		field.Interface = cutMessage(cut(text, limit))
		return field, len(text) > limit
	}
	switch field.Type {
	case zapcore.StringType:
		if len(field.String) > limit {
			return zap.String(field.Key, cut(field.String, limit)), true
		}
	case zapcore.ByteStringType:
		if text, _ := field.Interface.([]byte); len(text) > limit {
			return zap.String(field.Key, cut(string(text), limit)), true
		}
	case zapcore.ErrorType, zapcore.StringerType, zapcore.ReflectType, zapcore.BinaryType,
		zapcore.ArrayMarshalerType, zapcore.ObjectMarshalerType, zapcore.InlineMarshalerType:
		return cutEncoded(field, limit)
	}
	return field, false
}

// cutMessage is an [inMessage] that has been cut.
type cutMessage string

func (m cutMessage) InMessage() string { return string(m) }

// cutEncoded cuts a field whose length is only known once it is encoded as JSON.
func cutEncoded(field zapcore.Field, limit int) (short zapcore.Field, long bool) {
	encoded, err := fieldEncoder().EncodeEntry(zapcore.Entry{}, []zapcore.Field{field})
	if err != nil {
		return zap.String(field.Key, err.Error()), true
	}
	defer encoded.Free()
	if encoded.Len() <= limit {
		return field, false
	}
	return zap.String(field.Key, cut(encoded.String(), limit)), true
}
