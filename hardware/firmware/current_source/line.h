/* Lines and blocks as they come in, sections 2 and 5. */
#ifndef LINE_H
#define LINE_H

/* Takes what has arrived; executes and answers a line when it is whole. */
void line_poll(void);

#endif
