/** The door of the model board for benchmarks. */
package org.sluice.board.model;
