/** Makes Java accessors and metadata from layout files. {@link org.sluice.cnf.layoutgen.Generator} is where to start reading. */
package org.sluice.cnf.layoutgen;
