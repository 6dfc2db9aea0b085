module github.com/apiphant/apiphant

go 1.26.0
