# SPDX-License-Identifier: MIT
# Functions of C files in the house's form (name at the margin, `{` and `}` alone at the margin): lines, complexity, name, file.
# Complexity: 1 and one for each if, for, while, case, &&, || and ?, strings and comments left out.
FNR == 1 { infunction = 0; signature = ""; comment = 0 }
{
    text = $0
    if (comment) { if (!sub(/^.*\*\//, "", text)) text = ""; else comment = 0 }
    gsub(/"([^"\\]|\\.)*"/, "\"\"", text)
    gsub(/'([^'\\]|\\.)'/, "0", text)
    gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, "", text)
    if (sub(/\/\*.*$/, "", text)) comment = 1
}
!infunction && /^[A-Za-z_].*\(/ && !/;[ \t]*$/ { signature = $0 }
!infunction && /^\{/ && signature != "" {
    infunction = 1; begin = FNR; complexity = 1
    name = signature; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
    next
}
infunction && /^\}/ {
    print FNR - begin - 1, complexity, name, FILENAME
    infunction = 0; signature = ""
    next
}
infunction {
    complexity += gsub(/&&|\|\||\?/, "&", text)
    while (match(text, /(^|[^A-Za-z_0-9])(if|for|while|case)[^A-Za-z_0-9]/)) {
        complexity++
        text = substr(text, RSTART + RLENGTH - 1)
    }
}
!infunction && /^[#\/ \t}]/ && !/^\{/ { if (/^#/) signature = "" }
