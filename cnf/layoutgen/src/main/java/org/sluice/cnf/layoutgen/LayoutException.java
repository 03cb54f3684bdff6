package org.sluice.cnf.layoutgen;

import java.util.List;

/** A layout file is wrong; the message says where and why, one problem a line. */
public final class LayoutException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LayoutException(String problem) {
        super(problem);
    }

    LayoutException(List<String> problems) {
        super(String.join("\n", problems));
    }
}
